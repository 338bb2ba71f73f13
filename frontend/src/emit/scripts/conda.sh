# Resolves conda packages for one platform and writes what was found, with addresses and hashes.
set -e
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -z "${SSL_CERT_FILE:-}" ] && [ -e "$bundle" ]; then
        export SSL_CERT_FILE=$bundle
    fi
done
ask() {
    PYTHONPATH=/run/pybuild/rattler PYTHONDONTWRITEBYTECODE=1 "$(command -v python3 || command -v python)" \
        /run/pybuild/conda.py
}
ask || code=$?
# What dies of a signal is native code, and has said nothing of the question.
if [ "${code:-0}" -gt 128 ]; then
    signal=$((code - 128))
    echo "pybuild: py-rattler died of signal $signal: it is asked once more" >&2
    code=0
    ask || code=$?
fi
exit "${code:-0}"
