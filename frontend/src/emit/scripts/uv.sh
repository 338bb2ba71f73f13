# Installs uv, the resolver, from the index that pip is set up for.
set -e
python=$(command -v python3 || command -v python) || {
    echo "pybuild: this base image has no python3 to resolve with; set [python] build-base" >&2
    exit 1
}
log=/run/pybuild/install.log
"$python" -m pip install --verbose --no-input --disable-pip-version-check --root-user-action=ignore --no-compile \
    --no-deps --require-hashes --only-binary :all: --target /run/pybuild/out -r /run/pybuild/uv.txt >"$log" 2>&1 || code=$?
[ -n "${code:-}" ] || exit 0
# pip says why an index gave nothing only where it says all else as well.
words='Could not fetch URL|Skipping page|Retrying|^[[:space:]]*ERROR|Error:'
{ grep -E "$words" "$log" || tail -n 5 "$log"; } | sed 's#://[^/@[:space:]]*@#://****@#g' | uniq | tail -n 12 >&2
echo "pybuild: uv, the resolver, is installed from the index that the packages are from, and was not installed: see what the index answers" >&2
exit "$code"
