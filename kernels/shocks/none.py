"""No draw: a script alone moves prices."""

from __future__ import annotations

from stress.kernels.shocks.protocol import ShockModel


class _Nothing(ShockModel[None, tuple[()]]):
    name = "none"
    random = False


MODEL = _Nothing()
