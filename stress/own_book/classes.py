"""What kind of asset an instrument is: by what the file calls it, else by its ticker."""

from __future__ import annotations

import re
from typing import NamedTuple

from stress.own_book.currencies import cash_code, pair_of
from stress.own_book.read.headings import plain

EQUITY, CREDIT, RATES, COMMODITY, FX, CRYPTO, OTHER = "equity", "credit", "rates", "commodity", "fx", "crypto", "other"
CALLED = {  # several words by underscores
    EQUITY: "equity equities eq stock stocks stk common ordinary etf etp fund adr gdr reit preferred share shares "
    "index common_stock equity_index index_future equity_future single_stock equity_swap equity_etf aktie aktien",
    CREDIT: "credit corp corporate corporate_bond bond bonds hy ig cds credit_index loan",
    RATES: "rates rate govt government government_bond treasury treasuries ir interest_rate bond_future sovereign",
    COMMODITY: "commodity commodities comdty cmdty commodity_future metal metals energy_future",
    FX: "fx currency curncy forex fx_forward fx_spot cash devisen",
    CRYPTO: "crypto cryptocurrency digital_asset",
    OTHER: "other volatility vol multi_asset",
}
BY_NAME = {called.replace("_", " "): kind for kind, names in CALLED.items() for called in names.split()}
TICKERS = (  # pattern of the ticker -> class; a front future ends with the number of its contract
    (r"(VIX|VXX|UVXY|SVXY|VXST|V2X)( .*)?|(UX|FVS)[A-Z]?\d{1,2}", OTHER),
    (r"(CL|CO|NG|HO|XB|RB|GC|SI|HG|PL|PA|LA|LP|LN|QS|W|C|S|KC|SB|CT|CC|LC|LH|BO|SM)[A-Z]?\d{1,2}", COMMODITY),
    (r"(WTI|BRENT|XAU|XAG|GOLD|SILVER|COPPER|NATGAS)( .*)?", COMMODITY),
    (r"(GLD|IAU|SLV|USO|BNO|UNG|DBC|GSG|CPER|PDBC)( US)?", COMMODITY),
    (r"(TY|TU|FV|US|WN|UXY|RX|OE|DU|UB|JB|SFR|ED|ER|L|FF)[A-Z]?\d{1,2}", RATES),
    (r"(TLT|IEF|IEI|SHY|GOVT|BIL|SHV|TIP)( US)?", RATES),
    (r"(HYG|JNK|LQD|EMB|BKLN|VCIT|VCSH|USHY|MUB)( US)?|(CDX|ITRAXX)\b.*", CREDIT),
    (r"(BTC|XBT|ETH|SOL|XRP|BITCOIN|ETHEREUM)([ /-]?(USDT?|EUR))?( .*)?|(IBIT|FBTC|GBTC|ETHA)( US)?", CRYPTO),
    (r"(ES|NQ|RTY|DM|VG|Z|NK|HI|XP|SP|ND|GX|ST|HC)[A-Z]?\d{1,2}", EQUITY),
)
CODED = {"equity": EQUITY, "index": EQUITY, "comdty": COMMODITY, "curncy": FX, "corp": CREDIT, "govt": RATES}
_PLACES = {  # exchanges of Bloomberg's, and ends of Reuters codes
    "us": "US UN UW UQ UA UR CN TO",
    "europe": "LN L GY GR DE FP PA IM MI NA AS SM MC SW SS ST DC CO NO OL FH HE BB BR PL LS ID AV VI",
    "asia": "JP JT T HK CH C1 C2 SH SZ TT TW KS KP IN IB NS SP SI AU AX MK TB IJ PM",
}
REGIONS = {code: region for region, codes in _PLACES.items() for code in codes.split()}
_AFTER_A_DOT = {"L", "T", "TO", "DE", "PA", "MI", "AS", "HK", "AX", "SW"}


class Kind(NamedTuple):
    """A class, and how it is known: grade "A" by the file, "C" by the ticker, "D" by default."""

    asset_class: str
    grade: str
    rule: str


def class_of(name: str, called: str = "") -> Kind | None:
    """The class of an instrument; None where the file calls it something that is none, such as an option."""
    told = plain(called)
    if told:
        kind = BY_NAME.get(told)
        if told in ("future", "futures", "fut", "derivative", "swap", "cfd"):
            return class_of(name)
        return None if kind is None else Kind(kind, "A", f"called {called}")
    ticker = name.strip()
    end = plain(ticker).rpartition(" ")[2]
    bare = ticker[: -len(end)].strip() if end in CODED else ticker
    for pattern, kind in TICKERS:
        if re.fullmatch(pattern, bare.upper()):
            return Kind(kind, "C", f"by the ticker {ticker}")
    if pair_of(ticker) or cash_code(ticker):
        return Kind(FX, "C", f"by the ticker {ticker}")
    if end in CODED:
        return Kind(CODED[end], "C", f"by the ticker {ticker}")
    if region_of(ticker):
        return Kind(EQUITY, "C", f"by the exchange of {ticker}")
    return Kind(EQUITY, "D", "equity where nothing says otherwise")


def region_of(name: str) -> str:
    """The region by the exchange at the end of a ticker ("7203 JP", "VOD.L"); "" where there is none."""
    words = re.sub(r" (Equity|Index|Comdty|Curncy|Corp|Govt)$", "", name.strip(), flags=re.I)
    found = re.search(r"[ .]([A-Z0-9]{1,2})$", words)
    blank = found is not None and words[found.start()] == " "
    return REGIONS.get(found[1], "") if found and (blank or found[1] in _AFTER_A_DOT) else ""
