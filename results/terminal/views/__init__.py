"""Parts of a result as people read them: who sells what, the course of the steps, causes of losses, worst paths."""

from stress.results.terminal.views.attribution import attribution
from stress.results.terminal.views.contributions import contributions
from stress.results.terminal.views.exposure import exposure
from stress.results.terminal.views.picture import picture
from stress.results.terminal.views.purchases import purchases
from stress.results.terminal.views.sales import sales
from stress.results.terminal.views.summary import summary
from stress.results.terminal.views.timeline import timeline
from stress.results.terminal.views.view import View
from stress.results.terminal.views.worst import worst

__all__ = [
    "View",
    "attribution",
    "contributions",
    "exposure",
    "picture",
    "purchases",
    "sales",
    "summary",
    "timeline",
    "worst",
]
