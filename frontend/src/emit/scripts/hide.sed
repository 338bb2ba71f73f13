# Takes secrets out of the addresses that pip prints: user name and password, tokens of a path, tokens and signatures of a
# query. The forms are those of address/redact.rs.
s#://[^/@[:space:]]*@#://****@#g
s#\(://[^[:space:]]*/\)\([0-9A-Za-z_]\{20,\}\|eyJ[0-9A-Za-z_.-]\{32,\}\)/\(+\{0,1\}simple\)#\1****/\3#g
s#/\(dckr_pat_\|dop_v1_\|gh[oprsu]_\|github_pat_\|gldt-\|glpat-\|hf_\|npm_\|pypi-AgE\)[0-9A-Za-z_-]\{16,\}/#/****/#g
s#\(://[^/[:space:]]*/\(t\|priv\)/\)[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*/#\1****/#g
s#\([?&]\([A-Za-z_-]*[_-]\)\{0,1\}\([Ss]ig\|[Ss]ignature\|[Tt]oken\|[Cc]redential\|[Pp]assword\|[Ss]ecret\|[Aa]pi_\{0,1\}[Kk]ey\|[Aa]uth\)=\)[^&#[:space:]]*#\1****#g
