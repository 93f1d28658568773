"""The port of metrics: one page that shows all processes, and nothing else."""

from aiohttp import web

from entrepot.telemetry.exposition import Exposition


def metrics_server(exposition: Exposition) -> web.Server:
    """What answers on each connection of that port."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.rel_url.raw_path != "/metrics":
            return web.Response(status=404, text="Metrics are at /metrics\n")
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"}, text="Metrics are read\n")
        page, content_type = exposition.write(request.headers.get("Accept", ""))
        return web.Response(body=page, headers={"Content-Type": content_type})

    return web.Server(answer, access_log=None)
