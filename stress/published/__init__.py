"""Published fire-sale models as configurations of the kernels in `stress.kernels.balance_sheets`."""
