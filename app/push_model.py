"""`causette push model`: a run or a preset to a model repository of the Hub."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from app.options import Json, Model
from app.output import Output
from app.push_options import DryRun, Out, Overwrite, Public, Repo, Tag
from app.quiet import load_keras
from chatbot.language import tr


def push_model(
    model: Model,
    repo: Repo,
    public: Public = False,
    adapter: Annotated[bool, typer.Option("--adapter", help=tr(
        "L'adaptateur seul (lora, qlora), sans son modèle de départ.", "The adapter alone (lora, qlora), without its base."))] = False,
    no_transformers: Annotated[bool, typer.Option("--no-transformers", help=tr(
        "Sans l'export pour transformers, qui double la taille.", "Without the export for transformers, which doubles the size."))] = False,
    tag: Tag = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    out: Out = None,
    json: Json = False,
) -> None:  # fmt: skip
    from app.hub.deliver import Asked, check_asked, deliver
    from app.hub.model_parcel import check_model, known_public, model_parcel, record_of
    from app.hub.model_warnings import tell_before

    asked = Asked(repo=repo, public=public, overwrite=overwrite, tag=tag, dry_run=dry_run, out=out)
    output = Output(json)
    check_model(model, adapter=adapter)  # before the network is asked, or a model loaded, for nothing
    check_asked(asked)
    seen_by_all = public or known_public(model, repo)
    tell_before(model, output, public=seen_by_all, adapter=adapter)
    output.say(tr("Keras est chargé, puis le modèle est lu…", "Keras is loaded, then the model is read…"))
    load_keras()
    asked = Asked(**{**vars(asked), "record": record_of(model)})
    with tempfile.TemporaryDirectory(prefix="causette-", ignore_cleanup_errors=True) as work:
        files = model_parcel(
            model,
            Path(work),
            repo=repo,
            adapter=adapter,
            transformers=not no_transformers,
            public=seen_by_all,
            say=output.say,
        )
        deliver(files, asked, output)
