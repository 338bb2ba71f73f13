# Says how a check has ended that was run before; if it has failed, with what it printed.
code=$(cat /run/pybuild/checked/exit-code)
if [ "$code" != 0 ]; then
    cat /run/pybuild/checked/output.txt
    exit "${code:-1}"
fi
