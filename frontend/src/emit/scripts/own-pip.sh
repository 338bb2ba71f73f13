# Installs the pip that was found, where the environment has none.
# Arguments: the command of pip and its options.
set -e
PATH=${PATH#/venv/bin:}
set -- "$@" --no-index --no-deps --find-links /run/pybuild/pip pip
found=$(echo /run/pybuild/pip/*.whl)
[ -e "$found" ] && [ ! -e /venv/bin/pip ] || exit 0
python=$(command -v python3 || command -v python)
"$python" -m pip --python /venv/bin/python "$@"
/venv/bin/python -W ignore /run/pybuild/compile.py /venv/lib /venv/lib
