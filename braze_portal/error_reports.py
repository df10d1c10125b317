"""What Django's error reports may show of a request that failed."""

from typing import Any

from django.views.debug import SafeExceptionReporterFilter


class NoValues(SafeExceptionReporterFilter):
    """Names the code that failed and no value: keys and people's data stay out of mailboxes.

    With ``DEBUG`` on, the report goes to the developer's own screen and shows everything.
    """

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        return (
            []
            if self.is_active(request)
            else super().get_traceback_frame_variables(request, tb_frame)
        )

    def get_post_parameters(self, request: Any) -> Any:
        return {} if self.is_active(request) else super().get_post_parameters(request)
