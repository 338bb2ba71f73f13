set -e
for manager in dnf microdnf yum; do
    command -v "$manager" >/dev/null 2>&1 && break
    manager=
done
if [ -z "$manager" ]; then
    echo "pybuild: this base image has no dnf; name its package manager with [system] manager" >&2
    exit 1
fi
"$manager" install -y --setopt=install_weak_deps=0 --setopt=keepcache=1 "$@"
rm -rf /var/log/dnf* /var/log/hawkey.log /var/lib/dnf/history*
