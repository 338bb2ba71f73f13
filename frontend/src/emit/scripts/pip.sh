set -e
python=$(command -v python3 || command -v python)
if [ -x /venv/bin/pip ]; then
    exec /venv/bin/python -m pip "$@"
fi
exec "$python" -m pip --python /venv/bin/python "$@"
