# Installs a resolver from the index that pip is set up for: the requirements file with its version, and how messages name it.
set -e
python=$(command -v python3 || command -v python) || {
    echo "pybuild: this base image has no python3 to resolve with; set [python] build-base" >&2
    exit 1
}
log=/run/pybuild/install.log
"$python" -m pip install --verbose --no-input --disable-pip-version-check --root-user-action=ignore --no-compile \
    --no-deps --require-hashes --only-binary :all: --target /run/pybuild/out -r "$1" >"$log" 2>&1 || code=$?
[ -n "${code:-}" ] || exit 0
# pip says why an index gave nothing only where it says all else as well.
words='Could not fetch URL|Skipping page|Retrying|^[[:space:]]*ERROR|Error:'
{ grep -E "$words" "$log" || tail -n 5 "$log"; } | sed -f /run/pybuild/hide.sed | uniq | tail -n 12 >&2
echo "pybuild: $2, is installed from the index that the packages are from, and was not installed: see what the index answers" >&2
exit "$code"
