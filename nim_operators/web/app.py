"""Read-only routes to the evidence of a run, for users who are logged in and may read the logs of its DAG.

Airflow does not guard the apps of plugins (style.md P20): each route here names its own dependency.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import jinja2
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from starlette.exceptions import HTTPException as AnyHTTPException

from nim_operators.estate.load import evidence_base
from nim_operators.links import evidence_address, login_address
from nim_operators.nim.errors import NimError
from nim_operators.store import EvidenceStore

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""No page runs a script, loads anything, is framed, sniffed, or kept by a browser."""

_OTHERWISE = "The log of the run's verdict task has the text of its page and the SHA-256 of that text."
_NOTICE = jinja2.Environment(
    loader=jinja2.PackageLoader("nim_operators.web"), autoescape=True, undefined=jinja2.StrictUndefined
).get_template("notice.html.j2")

# Without addresses of its own: the description of the routes would be open to anybody.
app = FastAPI(title="NIM evidence", openapi_url=None, docs_url=None, redoc_url=None)


@app.get(
    "/{pair}/{dag_id}/{run_id}/{file:path}",
    dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.TASK_LOGS))],
)
def evidence_file(pair: str, dag_id: str, run_id: str, file: str) -> Response:
    """Return a file of a run. Only what the run's own folder lists is ever read, so no path leads out of it."""
    evidence = EvidenceStore(evidence_base()).begun_run(pair, dag_id, run_id)
    if evidence is None:
        raise HTTPException(
            HTTPStatus.NOT_FOUND,
            f"Airflow's API server finds no evidence of run {run_id} of {dag_id}. Either none was written yet, or it "
            f"is in a local folder that the API server does not share with the worker. {_OTHERWISE}",
        )
    if file == "page.html":
        return Response(evidence.page_now(), media_type="text/html")
    if file not in evidence.files():
        raise HTTPException(HTTPStatus.NOT_FOUND, f"The evidence of run {run_id} has no such file (yet).")
    media_type = "application/json" if file.endswith(".json") else "text/plain"
    return Response(evidence.read(file), media_type=media_type)


@app.middleware("http")
async def with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Give every answer the headers of this module."""
    response = await call_next(request)
    response.headers.update(_HEADERS)
    return response


@app.exception_handler(AnyHTTPException)
def refused(request: Request, error: AnyHTTPException) -> Response:
    """Say it as a page; to somebody who is not logged in with the way back here."""
    if error.status_code != HTTPStatus.UNAUTHORIZED:
        return _notice(error.status_code, error.detail, error.headers)
    login = login_address(evidence_address(**request.path_params))
    return _notice(error.status_code, "Only users of this Airflow may read evidence.", error.headers, login)


@app.exception_handler(NimError)
def unreachable(_: Request, error: NimError) -> Response:
    """Say why the API server cannot reach the store, and where the verdict is besides."""
    return _notice(
        HTTPStatus.SERVICE_UNAVAILABLE, f"Airflow's API server cannot read this evidence. {error} {_OTHERWISE}"
    )


def _notice(status: int, text: str, headers: Mapping[str, str] | None = None, login: str = "") -> Response:
    html = _NOTICE.render(title=HTTPStatus(status).phrase, text=text, login=login)
    return Response(html, status, headers, media_type="text/html")
