"""The model behind the addresses of OpenAI's API, so that its clients and other chat pages can talk to it."""
