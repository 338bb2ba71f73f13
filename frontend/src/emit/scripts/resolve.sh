# Resolves requirements for every platform at once and writes what was found, with addresses and hashes.
# Arguments: the Python version, then what uv is to read.
set -e
version=$1
shift
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -z "${SSL_CERT_FILE:-}" ] && [ -e "$bundle" ]; then
        export SSL_CERT_FILE=$bundle
    fi
done
# The resolver drops the hashes of files that it only resolves from, and knows no address to look for their includes.
for file in /run/pybuild/remote/*.txt; do
    [ -e "$file" ] || continue
    if grep -Eq '(^|[[:space:]])--(hash|require-hashes)' "$file"; then
        echo "pybuild: an included file at an address has hashes, which must be known before the build: save the file beside the requirements, and name that" >&2
        exit 3
    fi
    if grep -Eq '^[[:space:]]*(-r|-c|--requirement|--constraint)' "$file"; then
        echo "pybuild: an included file at an address includes others: name these in a requirements file of the project" >&2
        exit 3
    fi
done
cd /run/pybuild/out
export UV_CACHE_DIR=/root/.cache/uv
/run/pybuild/uv/bin/uv pip compile --quiet --universal --no-header \
    --no-python-downloads --python "$(command -v python3 || command -v python)" --python-version "$version" \
    --format pylock.toml --output-file pylock.toml "$@" || code=$?
# The answer travels with an exported cache: no address in it has a user name, a password, a signature or a token.
[ -n "${code:-}" ] || exec sed -i 's#\(https\{0,1\}://\)[^/@"]*@#\1#g
s#\(https\{0,1\}://[^/"]*\)/\(t\|priv\)/[0-9A-Za-z_]\{32,\}/#\1/#g
s#/\(dckr_pat_\|dop_v1_\|gh[oprsu]_\|github_pat_\|gldt-\|glpat-\|hf_\|npm_\|pypi-AgE\)[0-9A-Za-z_-]\{16,\}/#/#g
s#/[0-9a-f]\{32,\}/\(+\{0,1\}simple\)#/\1#g
s#\(https\{0,1\}://[^/"]*\)/t/\([a-z]*-\)\{0,1\}[0-9a-f]\{8\}-[0-9a-f-]\{27\}/#\1/#g
s#\([?&]\([A-Za-z_-]*[_-]\)\{0,1\}\([Ss]ig\|[Ss]ignature\|[Tt]oken\|[Cc]redential\|[Pp]assword\|[Ss]ecret\|[Aa]pi_\{0,1\}[Kk]ey\|[Aa]uth\)=\)[^&#"]*#\1#g' pylock.toml
if ! command -v git >/dev/null 2>&1 && grep -qs 'git+' -- "$@"; then
    echo "pybuild: a repository is asked for, and this base image has no git: lock the project, or set [python] build-base to an image that has it" >&2
fi
exit "$code"
