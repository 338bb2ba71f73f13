"""One page, and the packages that the images have to bring."""

import alembic
import boto3
import celery
import httpx
import matplotlib
import numpy
import pandas
import psycopg2
import pyarrow
import redis
import requests
import scipy
import sentry_sdk
import sklearn
import sqlalchemy
from fastapi import FastAPI

PACKAGES = (
    alembic,
    boto3,
    celery,
    httpx,
    matplotlib,
    numpy,
    pandas,
    psycopg2,
    pyarrow,
    redis,
    requests,
    scipy,
    sentry_sdk,
    sklearn,
    sqlalchemy,
)

app = FastAPI()


@app.get("/")
def versions() -> dict[str, str]:
    """The version of each package."""
    return {package.__name__: getattr(package, "__version__", "") for package in PACKAGES}
