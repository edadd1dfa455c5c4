"""x"""
def backtest() -> None:
    """x"""
