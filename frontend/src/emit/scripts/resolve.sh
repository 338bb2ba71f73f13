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
cd /run/pybuild/out
UV_CACHE_DIR=/root/.cache/uv exec /run/pybuild/uv/bin/uv pip compile --quiet --universal --no-header \
    --no-python-downloads --python "$(command -v python3 || command -v python)" --python-version "$version" \
    --format pylock.toml --output-file pylock.toml "$@"
