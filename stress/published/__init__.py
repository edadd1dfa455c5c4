"""Published fire-sale models as configurations of the kernels in `stress.kernels.published.balance_sheets`."""
