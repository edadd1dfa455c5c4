"""One HTML file about a run: `report_html(tree, spec)`; `levstress report` writes it."""

from stress.results.report.page import need, report_html

__all__ = ["need", "report_html"]
