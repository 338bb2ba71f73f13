# Adds repositories to those of the image, then installs packages with the script for apt.
# Arguments: the packages. A folder beside this script has a file `N.sources` and a key `N.key` for each repository.
set -e
if ! command -v apt-get >/dev/null 2>&1; then
    echo "pybuild: this base image has no apt-get, which reads repositories; leave them out" >&2
    exit 1
fi
from=/run/pybuild/repositories
mkdir -p /etc/apt/keyrings /etc/apt/sources.list.d
# apt trusts no certificate in an image that has none, and would not read a repository over https.
if [ ! -e /etc/ssl/certs/ca-certificates.crt ] && [ -z "${SSL_CERT_FILE:-}" ] &&
    cat "$from"/*.sources | grep -qi '^URIs: https'; then
    /bin/sh /run/pybuild/apt.sh ca-certificates
fi
for sources in "$from"/*.sources; do
    number=$(basename "$sources" .sources)
    # apt tells the two kinds of keys apart by their names alone.
    kind=gpg
    if grep -q -- '-----BEGIN PGP' "$from/$number.key"; then kind=asc; fi
    key=/etc/apt/keyrings/pybuild-$number.$kind
    cp "$from/$number.key" "$key"
    chmod 644 "$key"
    { cat "$sources" && echo "Signed-By: $key"; } >"/etc/apt/sources.list.d/pybuild-$number.sources"
done
exec /bin/sh /run/pybuild/apt.sh "$@"
