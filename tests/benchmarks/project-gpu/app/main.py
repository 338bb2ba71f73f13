"""One page, and the packages that the images have to bring."""

import requests
import torch
import transformers
from fastapi import FastAPI

PACKAGES = (requests, torch, transformers)

app = FastAPI()


@app.get("/")
def versions() -> dict[str, str]:
    """The version of each package."""
    return {package.__name__: package.__version__ for package in PACKAGES}
