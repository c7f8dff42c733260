"""The commands of `causette push`: to the Hugging Face Hub."""

from app.push_dataset import push_dataset
from app.push_model import push_model
from app.push_space import push_space
from app.usage import Program
from chatbot.language import tr

push_app = Program(help=tr("Envoie un modèle, un jeu de données ou une page au Hugging Face Hub.",
                           "Sends a model, a data set or a page to the Hugging Face Hub."))  # fmt: skip
push_app.command("model", help=tr("Un modèle : préréglage KerasHub, export transformers, fiche avec ses mesures.",
                                  "A model: KerasHub preset, transformers export, card with its measures."))(push_model)  # fmt: skip
push_app.command("dataset", help=tr("Un jeu préparé, si ses licences le permettent : Parquet, JSONL, fiche.",
                                    "A prepared set, where its licences allow it: Parquet, JSONL, card."))(push_dataset)  # fmt: skip
push_app.command("space", help=tr("Une page où discuter avec un modèle envoyé : Space Gradio, ou page calculée dans le navigateur.",
                                  "A page to chat with a model that was sent: a Gradio Space, or one computed in the browser."))(push_space)  # fmt: skip
