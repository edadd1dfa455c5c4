"""Parts of a result as people read them: who sells what, the course of the steps, causes of losses, worst paths."""

from stress.results.views.attribution import attribution
from stress.results.views.contributions import contributions
from stress.results.views.picture import picture
from stress.results.views.sales import sales
from stress.results.views.summary import summary
from stress.results.views.timeline import timeline
from stress.results.views.view import View
from stress.results.views.worst import worst

__all__ = ["View", "attribution", "contributions", "picture", "sales", "summary", "timeline", "worst"]
