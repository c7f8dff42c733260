"""The Hub's addresses for large files: where each is to go, its upload, and whether all of it came."""

from typing import Any

from tests.hub_store import Blob
from tests.hub_wire import Refused, Reply, Request, said

KINDS = {"datasets/": "dataset", "spaces/": "space"}
BATCH = r"/(datasets/|spaces/)?([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch"
LFS = "application/vnd.git-lfs+json"


class Uploads:
    """Answers what LFS asks.

    Args:
        hub: who may write (`writable`, `user_of`), and the contents: `sending` as uploaded, `large` once verified.
    """

    def __init__(self, hub: Any) -> None:
        self.hub = hub

    def answer(self, request: Request) -> Reply | None:
        """None for what is no address of these."""
        if match := request.matches(BATCH):
            return self._batch(request, match)
        if match := request.matches(r"/lfs/upload/(\w+)"):
            return self._upload(request, match[1])
        return self._verify(request) if request.path == "/lfs/verify" else None

    def _batch(self, request: Request, match: Any) -> Reply:
        self.hub.writable(request, KINDS.get(match[1] or "", "model"), match[2])
        objects = [self._object(asked["oid"], asked["size"]) for asked in request.json["objects"]]
        return said({"transfer": "basic", "objects": objects}, headers={"Content-Type": LFS})

    def _object(self, oid: str, size: int) -> dict[str, Any]:
        if oid in self.hub.large:
            return {"oid": oid, "size": size}
        upload = {"href": f"{self.hub.url}/lfs/upload/{oid}"}  # signed: no token comes with it
        return {"oid": oid, "size": size,
                "actions": {"upload": upload, "verify": {"href": f"{self.hub.url}/lfs/verify"}}}  # fmt: skip

    def _upload(self, request: Request, oid: str) -> Reply:
        if Blob(content=request.body, large=True).sha256 != oid:
            raise Refused(400, "The content is not what its name says")
        self.hub.sending[oid] = request.body
        return Reply()

    def _verify(self, request: Request) -> Reply:
        self.hub.user_of(request, must=True)
        asked = request.json
        content = self.hub.sending.pop(asked["oid"], None) or self.hub.large.get(asked["oid"])
        if content is None or len(content) != asked["size"]:
            raise Refused(404, "The object was not uploaded")
        self.hub.large[asked["oid"]] = content
        return said({})
