"""What stands for the assets of the library's streets in other people's files: tickers, sectors, companies.

Series are exchange-traded funds, futures and indices that hold what the asset is (their issuers' own descriptions);
sectors are those of the Global Industry Classification Standard (MSCI and S&P), chips and AI infrastructure apart. A
scenario with other ids is matched by id, long name and sector alone.
"""

from __future__ import annotations

import re

SERIES = {  # id of the street -> tickers
    "semis": "SMH SOXX SOXQ XSD SOX",
    "tech": "XLK VGT IYW QQQ QQQM NQ1 NDX",
    "comm": "XLC VOX IYZ",
    "discretionary": "XLY VCR IYC",
    "financials": "XLF VFH IYF KBE KRE",
    "industrials": "XLI VIS IYJ",
    "energy": "XLE VDE IYE XOP",
    "health": "XLV VHT IYH XBI IBB",
    "staples": "XLP VDC IYK",
    "utilities": "XLU VPU IDU",
    "materials": "XLB VAW IYM",
    "real_estate": "XLRE VNQ IYR",
    "small_caps": "IWM IJR VB VTWO RTY1 RTY RUT",
    "hy_credit": "HYG JNK USHY SJNK",
    "ust_long": "TLT VGLT SPTL ZROZ WN1 US1",
    "gold": "GLD IAU GLDM GC1 XAU XAUUSD GOLD",
    "wti": "USO CL1 WTI",
    "usdjpy": "USDJPY",
    "bitcoin": "IBIT FBTC GBTC BTC BTC1 BTCUSD XBT BITCOIN",
    "japan": "EWJ DXJ NKY NK1 NI225 N225",
    "hong_kong": "EWH HSI HI1 FXI MCHI",
}
INVERSE = {"JPYUSD": "usdjpy"}  # one over what the street has
BROAD = {"SPY", "VOO", "IVV", "VTI", "SPX", "ES1", "ITOT", "SCHB"}  # the US market: its sectors together
SECTORS = {  # id of the street -> words for it; those of the first eleven make the market
    "tech": "tech|technology|information technology|software|it|hardware|tmt",
    "comm": "comm|communication services|communications|media|telecom|telecommunications|internet",
    "discretionary": "discretionary|consumer discretionary|consumer cyclical|consumer cyclicals|retail|autos",
    "financials": "financials|financial|financial services|banks|banking|insurance",
    "industrials": "industrials|industrial|capital goods|transportation|aerospace",
    "energy": "energy|oil and gas|oil gas|oil",
    "health": "health|health care|healthcare|pharma|pharmaceuticals|biotech|biotechnology",
    "staples": "staples|consumer staples|consumer defensive|food|beverages|household products",
    "utilities": "utilities|utility|power",
    "materials": "materials|basic materials|chemicals|mining|metals",
    "real_estate": "real estate|reit|reits|property",
    "semis": "semis|semiconductors|semiconductor|chips",
    "ai_infra": "ai infrastructure|ai infra|data centres|data centers|servers",
}
MARKET = (*list(SECTORS)[:11], "semis")
COMPANIES = {  # id of the street -> tickers of large US-listed companies
    "semis": "NVDA AMD AVGO TSM INTC QCOM MU TXN AMAT LRCX KLAC MRVL ADI ASML ARM NXPI MCHP ON",
    "ai_infra": "SMCI DELL HPE ANET VRT CRWV CEG VST GEV",
    "tech": "AAPL MSFT ORCL CRM ADBE NOW CSCO IBM ACN INTU PLTR PANW SNOW CRWD WDAY FTNT SHOP",
    "comm": "GOOGL GOOG META NFLX DIS CMCSA T VZ TMUS EA TTWO WBD SPOT",
    "discretionary": "AMZN TSLA HD MCD NKE LOW SBUX BKNG TJX GM F CMG ABNB MAR ORLY",
    "financials": "JPM BAC GS BRK.B BRK.A MS C WFC BLK SCHW AXP V MA USB PNC TFC SPGI PGR CB COF KKR BX",
    "industrials": "CAT DE HON GE BA RTX LMT UNP UPS FDX MMM ETN WM NOC GD EMR UBER",
    "energy": "XOM CVX COP SLB EOG OXY PSX MPC VLO HAL KMI WMB FANG HES",
    "health": "JNJ PFE UNH LLY ABBV MRK TMO ABT DHR BMY AMGN GILD CVS MDT ISRG VRTX REGN CI ELV HUM",
    "staples": "KO PG WMT COST PEP PM MO MDLZ CL KMB GIS KR TGT BF.B STZ SYY EL",
    "utilities": "NEE DUK SO D AEP EXC SRE XEL PEG ED",
    "materials": "LIN APD SHW FCX NEM ECL DOW DD NUE",
    "real_estate": "PLD AMT EQIX SPG O PSA WELL CCI DLR",
}


def bare(name: str) -> str:
    """A ticker without what the vendor adds: `SPY US Equity` and `spy` are SPY, `CL1 Comdty` is CL1."""
    words = re.sub(r" (EQUITY|INDEX|COMDTY|CURNCY|CORP|GOVT)$", "", name.strip().upper()).removeprefix("^")
    return re.sub(r"[ .](US|UN|UW|UQ|UA|UR|O|N)$", "", words.removeprefix("WTI "))


def plain(text: str) -> str:
    """Words of a sector or long name: small letters, `&` as and, no signs."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower().replace("&", " and ")).split())


_BY_SERIES = {ticker: asset for asset, tickers in SERIES.items() for ticker in tickers.split()}
_BY_WORDS = {word: asset for asset, words in SECTORS.items() for word in words.split("|")}
_BY_COMPANY = {ticker: asset for asset, tickers in COMPANIES.items() for ticker in tickers.split()}


def stands_for(name: str) -> str:
    """The id that a ticker is the series of; "" where it is none of these."""
    return _BY_SERIES.get(bare(name), "")


def inverse_of(name: str) -> str:
    """The id that a ticker is one over; "" where it is none of these."""
    return INVERSE.get(bare(name), "")


def is_broad(name: str) -> bool:
    """Whether a ticker is that of the whole US market."""
    return bare(name) in BROAD


def sector_of(words: str) -> str:
    """The id that a sector's name means; "" where it is none of these."""
    return _BY_WORDS.get(plain(words), "")


def sector_of_company(name: str) -> str:
    """The id of a large company's sector by its ticker; "" for others, and for tickers of other exchanges."""
    return _BY_COMPANY.get(bare(name), "")
