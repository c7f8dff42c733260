"""A whole visit of the guarded page in a real browser: chat and user test need nothing that is closed."""

from app.feedback.serving import StoredOpinions
from app.page.content import PageContent
from app.page.guard import Guard
from app.page.limits import Allowance, Limits
from app.page.serve import build_page
from chatbot.sampling import Sampling
from tests.app.visitors import HERE, guarded
from tests.app.votes import Parrot, begun, comparison
from tests.gate import PATIENCE

LAYERS = [(Guard, {"hosts": HERE}), (Limits, {"allowance": Allowance(rate=0)})]


def test_a_whole_visit_needs_nothing_that_is_closed(tmp_path, browser):
    test = begun(tmp_path, comparison((("train", 2), ("test", 3)), same=1))
    content = PageContent(
        chat=Parrot(), examples=["Et la livraison ?"], sampling=Sampling(max_new_tokens=24),
        opinions=StoredOpinions(test.store), user_test=test,
    )  # fmt: skip
    page = build_page(content)
    seen, refused, complaints = set(), [], []
    with guarded(page, LAYERS) as address:
        context = browser.new_context(locale="en-US")
        context.set_default_timeout(PATIENCE * 1000)
        tab = context.new_page()
        tab.on("request", lambda request: seen.add(request.url.removeprefix(address).partition("?")[0]))
        tab.on("response", lambda answer: answer.status >= 400 and refused.append((answer.status, answer.url)))
        tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        tab.goto(address)
        tab.get_by_role("checkbox", name="J'accepte de participer").check()
        tab.get_by_role("button", name="Commencer").click()
        tab.get_by_text("A est meilleure").click()
        tab.get_by_role("button", name="Enregistrer et continuer").click()
        tab.get_by_text("Question 2 / 3").wait_for()
        tab.get_by_role("tab", name="Discuter").click()
        tab.get_by_role("textbox", name="Votre question").fill("Bonjour")
        tab.get_by_role("button", name="Envoyer").click()
        tab.locator(".figures").wait_for()
        tab.get_by_role("button", name="Régénérer").click()
        tab.locator(".figures").wait_for()
        tab.get_by_role("button", name="Effacer").click()
        tab.get_by_role("button", name="Et la livraison ?").click()
        tab.locator(".figures").wait_for()
        said = list(complaints)  # a reload breaks off a stream that may just be ending, and the page says so
        tab.reload()
        tab.get_by_text("Question 2 / 3").wait_for()
        context.close()
    print("\n".join(map(str, refused)))
    assert {"gradio_api/queue/join", "gradio_api/queue/data", "gradio_api/run/predict", "theme.css"} <= seen
    assert refused == [] and said == []
