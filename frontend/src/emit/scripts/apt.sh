set -e
if ! command -v apt-get >/dev/null 2>&1; then
    echo "pybuild: this base image has no apt-get; name its package manager with [system] manager" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# Images for containers delete downloaded packages after each run, which would empty the cache mount.
cat >/run/pybuild/tmp/apt.conf <<'CONF'
#clear DPkg::Post-Invoke;
#clear APT::Update::Post-Invoke;
Binary::apt-get::APT::Keep-Downloaded-Packages "true";
APT::Keep-Downloaded-Packages "true";
CONF
if [ -n "${SSL_CERT_FILE:-}" ]; then
    echo "Acquire::https::CAInfo \"$SSL_CERT_FILE\";" >>/run/pybuild/tmp/apt.conf
fi
apt-get -c /run/pybuild/tmp/apt.conf -q update
apt-get -c /run/pybuild/tmp/apt.conf -q -o Dpkg::Use-Pty=0 install -y --no-install-recommends -- "$@"
# What is left of a run and differs from one to the next.
rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/cache/ldconfig/aux-cache \
    /var/cache/debconf/*-old /var/lib/dpkg/*-old
