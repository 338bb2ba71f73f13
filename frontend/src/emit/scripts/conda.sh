# Resolves conda packages for one platform and writes what was found, with addresses and hashes.
set -e
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -z "${SSL_CERT_FILE:-}" ] && [ -e "$bundle" ]; then
        export SSL_CERT_FILE=$bundle
    fi
done
PYTHONPATH=/run/pybuild/rattler PYTHONDONTWRITEBYTECODE=1 \
    exec "$(command -v python3 || command -v python)" /run/pybuild/conda.py
