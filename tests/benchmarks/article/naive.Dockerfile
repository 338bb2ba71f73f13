# The single stage that the article begins with. Its measurements say that a code change costs a whole build, so the code
# is copied before the packages are installed, as in its example of bad caching. `python:3.11` is the slim image here.
FROM python:3.11-slim
RUN apt-get update && apt-get install -y \
    build-essential \
    gcc \
    g++ \
    && rm -rf /var/lib/apt/lists/*
COPY . /app
WORKDIR /app
RUN pip install -r requirements.txt
CMD ["python", "app.py"]
