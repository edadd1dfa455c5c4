"""What stands for the library's assets in other people's files: tickers, sectors, companies, classes.

Series are exchange-traded funds, futures and indices that hold what the asset is (their issuers' own descriptions);
sectors are those of the Global Industry Classification Standard (MSCI and S&P), with chips and AI infrastructure also
apart; weights of the US market are those of the S&P 500's sectors in early 2025.
"""

from __future__ import annotations

import re
from collections.abc import Container

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
BROAD = "SPY VOO IVV VTI SPX ES1 ITOT SCHB"  # the US market
US_SHARES = {
    "tech": 0.296,
    "financials": 0.147,
    "health": 0.112,
    "discretionary": 0.103,
    "comm": 0.092,
    "industrials": 0.085,
    "staples": 0.061,
    "energy": 0.037,
    "utilities": 0.025,
    "real_estate": 0.022,
    "materials": 0.020,
}
CLASSES = {  # class, or class and region
    "equity": US_SHARES,
    "equity asia": {"japan": 1.0},
    "credit": {"hy_credit": 1.0},
    "rates": {"ust_long": 1.0},
    "crypto": {"bitcoin": 1.0},
}
SECTORS = {  # words for an asset
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
COMPANIES = {  # large US-listed ones by GICS sector
    "tech": "AAPL MSFT NVDA AVGO AMD TSM SMCI ORCL CRM ADBE CSCO ACN IBM INTC QCOM TXN MU AMAT LRCX KLAC ADI NOW INTU "
    "PANW SNPS CDNS ANET DELL HPQ HPE PLTR MRVL ASML ARM NXPI MCHP ON SNOW CRWD WDAY FTNT SHOP CRWV",
    "comm": "GOOGL GOOG META NFLX DIS CMCSA T VZ TMUS EA TTWO WBD SPOT",
    "discretionary": "AMZN TSLA HD MCD NKE LOW SBUX BKNG TJX GM F CMG ABNB MAR ORLY",
    "financials": "JPM BAC GS BRK.B BRK.A MS C WFC BLK SCHW AXP V MA USB PNC TFC SPGI PGR CB COF KKR BX AIG MET",
    "industrials": "CAT DE HON GE BA RTX LMT UNP UPS FDX MMM ETN WM NOC GD EMR UBER VRT GEV",
    "energy": "XOM CVX COP SLB EOG OXY PSX MPC VLO HAL KMI WMB FANG HES",
    "health": "JNJ PFE UNH LLY ABBV MRK TMO ABT DHR BMY AMGN GILD CVS MDT ISRG VRTX REGN CI ELV HUM",
    "staples": "KO PG WMT COST PEP PM MO MDLZ CL KMB GIS KR TGT BF.A BF.B STZ SYY EL KHC",
    "utilities": "NEE DUK SO D AEP EXC SRE XEL PEG ED CEG VST",
    "materials": "LIN APD SHW FCX NEM ECL DOW DD NUE",
    "real_estate": "PLD AMT EQIX SPG O PSA WELL CCI DLR",
}
INDUSTRIES = {  # of these, assets that the library has apart from their sectors
    "semis": "NVDA AMD AVGO TSM INTC QCOM MU TXN AMAT LRCX KLAC MRVL ADI ASML ARM NXPI MCHP ON",
    "ai_infra": "SMCI DELL HPE ANET VRT CRWV CEG VST GEV",
}


def bare(name: str) -> str:
    """A ticker without what the vendor adds: `SPY US Equity` and `spy` are SPY, `CL1 Comdty` is CL1, `BRK/B` BRK.B."""
    words = re.sub(r" (EQUITY|INDEX|COMDTY|CURNCY|CORP|GOVT)$", "", name.strip().upper()).removeprefix("^")
    return re.sub(r"[ .](US|UN|UW|UQ|UA|UR|O|N)$", "", words.removeprefix("WTI ")).replace("/", ".")


def plain(text: str) -> str:
    """Words of a sector or long name: small letters, `&` as and, no signs."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower().replace("&", " and ")).split())


_BY_SERIES = {ticker: {asset: 1.0} for asset, tickers in SERIES.items() for ticker in tickers.split()}
_BY_SERIES |= {ticker: {asset: -1.0} for ticker, asset in INVERSE.items()} | dict.fromkeys(BROAD.split(), US_SHARES)
_BY_WORDS = {word: asset for asset, words in SECTORS.items() for word in words.split("|")}
_BY_COMPANY = {ticker: sector for sector, tickers in COMPANIES.items() for ticker in tickers.split()}
_BY_INDUSTRY = {ticker: asset for asset, tickers in INDUSTRIES.items() for ticker in tickers.split()}


def of_series(name: str) -> dict[str, float]:
    """Weights of what a ticker is the series of: they sum to 1, or are -1 of what it is one over; empty: of nothing."""
    return dict(_BY_SERIES.get(bare(name), {}))


def of_class(asset_class: str, region: str = "") -> dict[str, float]:
    """Weights of what stands for a class in a region; empty: nothing does."""
    return dict(CLASSES.get(f"{asset_class} {region}", CLASSES.get(asset_class, {})))


def sector_of(words: str) -> str:
    """The id that a sector's name means; "" where it is none of these."""
    return _BY_WORDS.get(plain(words), "")


def sector_of_company(name: str) -> str:
    """The id of a large company's GICS sector by its ticker; "" for others, and for tickers of other exchanges."""
    return _BY_COMPANY.get(bare(name), "")


def of_share(name: str, sector: str, region: str, there: Container[str]) -> str:
    """The id of what a share goes with; "" where that is not `there`.

    Its sector, as it is called, else by the ticker of a large US company; of such a company, whatever its file calls
    the same sector, the industry that the library has apart.
    """
    ticker = name if region.lower() in ("", "us") else ""
    company, said = sector_of_company(ticker), sector_of(sector)
    industry = _BY_INDUSTRY.get(bare(ticker), "")
    if company and industry in there and (said == company or not sector):
        return industry
    found = said or ("" if sector else company)
    return found if found in there else ""
