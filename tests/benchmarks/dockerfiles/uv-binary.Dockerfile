# Stands for the image that uv publishes: nothing but the binary, in the registry of the engine.
FROM scratch
COPY uv /uv
