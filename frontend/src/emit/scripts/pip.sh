set -e
compile=$1
shift
python=$(command -v python3 || command -v python)
if [ -x /venv/bin/pip ]; then
    /venv/bin/python -m pip "$@"
else
    "$python" -m pip --python /venv/bin/python "$@"
fi
/venv/bin/python -W ignore -c "$compile" /venv/lib /venv/lib
