"""A refused request, in words at the top of the page.

Gradio's page shows a refused event as the bare word "Error" over the conversation. This watches the page's own requests
instead, and shows what the middleware wrote (`app.page.request.refuse`), as text and in the reader's language.
"""

STYLE = """
#refusal { position: fixed; inset: 10px 10px auto; z-index: 1000; max-width: 620px; margin: 0 auto; padding: 10px 16px;
  border: 1px solid var(--line); border-left: 4px solid var(--warm); border-radius: 12px; font-size: 1rem; line-height: 1.4;
  background: var(--block-background-fill); color: var(--body-text-color); box-shadow: 0 8px 28px rgb(20 38 42 / 18%); }
#refusal:empty { display: none; }
.refused [data-testid="status-tracker"]:has(.error) { display: none !important; }
"""

SCRIPT = """
(() => {
  const ask = window.fetch;
  let hiding;
  function show(words, seconds) {
    let notice = document.getElementById("refusal");
    if (!notice) {
      notice = document.createElement("div");
      notice.id = "refusal";
      notice.setAttribute("role", "alert");
      (document.querySelector(".gradio-container") ?? document.body).append(notice);
    }
    document.documentElement.classList.add("refused");
    notice.textContent = words;
    clearTimeout(hiding);
    hiding = setTimeout(() => { notice.textContent = ""; }, 1000 * Math.min(Math.max(seconds, 8), 60));
  }
  window.fetch = async (...request) => {
    const response = await ask(...request);
    if ([401, 403, 408, 413, 429, 503].includes(response.status)) {
      response.clone().json().then(
        ({ detail }) => typeof detail === "string" && show(detail, Number(response.headers.get("retry-after"))),
        () => {},
      );
    } else if (response.ok && request[1]?.method === "POST") document.documentElement.classList.remove("refused");
    return response;
  };
})();
"""


def refusal_head() -> str:
    """What goes into the page's head, before Gradio's scripts."""
    return f"<style>{STYLE}</style><script>{SCRIPT}</script>"
