# Runs a check and keeps its reports, what it printed and how it ended. It ends well whatever the check says, so that what
# is kept can be exported; the verdict is a step of its own. Arguments: the number of reports, the reports, the command.
out=/run/pybuild/checked
count=$1
shift
{
    (
        shift "$count"
        exec "$@"
    ) 2>&1
    echo "$?" >"$out/exit-code"
} | tee "$out/output.txt"
while [ "$count" -gt 0 ]; do
    report=$1
    shift
    count=$((count - 1))
    if [ -e "./$report" ]; then
        mkdir -p "$out/$(dirname "$report")" && cp -R "./$report" "$out/$report" || exit 1
    else
        echo "pybuild: the check has left no $report" >&2
    fi
done
