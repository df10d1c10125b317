"""The two calls of a partner."""

from rest_framework.views import APIView


class CohortName(APIView): ...


class CohortUsers(APIView): ...
