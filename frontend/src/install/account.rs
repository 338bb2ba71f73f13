//! `pybuild tool account`: makes a user, a group and a home folder as files to put over a base image, and
//! checks whether users exist.
//!
//! This reads `/etc/passwd` and the related files from a copy of the base's `/etc`, and writes the changed
//! files into an output folder. The formats are those of passwd(5), group(5), shadow(5) and gshadow(5). A
//! base without these files gets new ones.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::ToolError;

/// The arguments.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    etc: PathBuf,
    out: PathBuf,
    create: Option<NewUser>,
    home: String,
    /// Users that the base must have.
    expect: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NewUser {
    name: String,
    uid: u32,
    gid: u32,
}

/// Makes the files for the arguments.
///
/// # Errors
/// If an argument is wrong, the base has another user with the same name, or a file cannot be written.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let options = parse(arguments)?;
    let passwd = read(&options.etc.join("passwd"))?.unwrap_or_default();
    if let Some(name) = options.expect.iter().find(|name| entry(&passwd, name).is_none()) {
        return Err(ToolError::Base(format!(
            "the base image has no user `{name}`; write one that it has, numbers as `1000:1000`, or \
             `{{ name = \"{name}\", uid = … }}` to create it"
        )));
    }
    let Some(user) = options.create else { return Ok(()) };
    let mut made = Made { out: options.out.clone(), folders: Vec::new() };
    write_tables(&options.etc, &user, &options.home, &mut made)?;
    // Clusters that run containers with an arbitrary user id use group 0, so the group gets the same
    // permissions as the user.
    made.folder(&options.home, user.uid, user.gid, if user.gid == 0 { 0o770 } else { 0o750 })?;
    made.settle()
}

fn parse(arguments: &[String]) -> Result<Options, ToolError> {
    let usage = |text: String| ToolError::Usage(text);
    let mut options = Options::default();
    for pair in arguments.chunks(2) {
        let [name, value] = pair else {
            return Err(usage(format!("`{}` has no value", pair.join(" "))));
        };
        match name.as_str() {
            "--etc" => options.etc = value.into(),
            "--out" => options.out = value.into(),
            "--home" => options.home.clone_from(value),
            "--expect" => options.expect.push(value.clone()),
            "--create" => {
                let mut parts = value.split(':');
                let numbers = (parts.next(), parts.next().map(str::parse), parts.next().map(str::parse));
                let (Some(name), Some(Ok(uid)), Some(Ok(gid))) = numbers else {
                    return Err(usage(format!("`{value}` is not NAME:UID:GID")));
                };
                options.create = Some(NewUser { name: name.to_owned(), uid, gid });
            }
            other => return Err(usage(format!("`{other}` is no option"))),
        }
    }
    if options.out.as_os_str().is_empty() {
        return Err(usage("`--out` is missing".to_owned()));
    }
    Ok(options)
}

fn write_tables(etc: &Path, user: &NewUser, home: &str, made: &mut Made) -> Result<(), ToolError> {
    let NewUser { name, uid, gid } = user;
    let passwd =
        read(&etc.join("passwd"))?.unwrap_or_else(|| "root:x:0:0:root:/root:/sbin/nologin\n".to_owned());
    let group = read(&etc.join("group"))?.unwrap_or_else(|| "root:x:0:\n".to_owned());
    if let Some(line) = entry(&passwd, name) {
        let ids: Vec<_> = line.split(':').skip(2).take(2).collect();
        if ids != [uid.to_string(), gid.to_string()] {
            let ids = ids.join(":");
            return Err(ToolError::Base(format!(
                "the base image has a user `{name}` already, as {ids}; write `user = \"{ids}\"` to use it, \
                 or give yours another name"
            )));
        }
    }
    let taken = passwd.lines().find(|line| line.split(':').nth(2) == Some(&uid.to_string()));
    if let Some(other) = taken.and_then(|line| line.split(':').next()).filter(|other| other != name) {
        return Err(ToolError::Base(format!(
            "number {uid} belongs to the base image's user `{other}`; choose another with \
             `user = {{ name = \"{name}\", uid = … }}`"
        )));
    }
    made.file(
        "/etc/passwd",
        &with_line(&passwd, name, &format!("{name}:x:{uid}:{gid}::{home}:/sbin/nologin")),
        0o644,
        0,
    )?;
    // Every image has group 0.
    let has_group = *gid == 0;
    let group = if has_group { group } else { with_line(&group, name, &format!("{name}:x:{gid}:")) };
    made.file("/etc/group", &group, 0o644, 0)?;
    // `!` locks the password. A base without shadow files gets none.
    let shadow = [("shadow", format!("{name}:!::0:::::")), ("gshadow", format!("{name}:!::"))];
    for (file, line) in shadow.into_iter().take(if has_group { 1 } else { 2 }) {
        let path = etc.join(file);
        if let Some(text) = read(&path)? {
            let group = fs::metadata(&path).map_or(0, |found| std::os::unix::fs::MetadataExt::gid(&found));
            made.file(&format!("/etc/{file}"), &with_line(&text, name, &line), 0o640, group)?;
        }
    }
    Ok(())
}

/// The line of `name` in a file.
fn entry<'t>(table: &'t str, name: &str) -> Option<&'t str> {
    table.lines().find(|line| line.split(':').next() == Some(name))
}

/// `table` with `line` at its end, unless it already has a line for `name`.
fn with_line(table: &str, name: &str, line: &str) -> String {
    if entry(table, name).is_some() {
        return table.to_owned();
    }
    let end = if table.is_empty() || table.ends_with('\n') { "" } else { "\n" };
    format!("{table}{end}{line}\n")
}

fn read(path: &Path) -> Result<Option<String>, ToolError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ToolError::File { path: path.display().to_string(), source }),
    }
}

/// The output folder. Times are set last and always to the same value, so that the layer is the same on every
/// machine.
struct Made {
    out: PathBuf,
    folders: Vec<PathBuf>,
}

impl Made {
    fn path(&self, path: &str) -> PathBuf {
        self.out.join(path.trim_start_matches('/'))
    }

    fn file(&mut self, path: &str, text: &str, mode: u32, group: u32) -> Result<(), ToolError> {
        let file = self.path(path);
        let failed = |source| ToolError::File { path: path.to_owned(), source };
        self.parents(path).map_err(failed)?;
        fs::write(&file, text).map_err(failed)?;
        // Without privileges (in tests) the group stays unchanged.
        if group != 0 {
            chown(&file, Some(0), Some(group)).map_err(failed)?;
        }
        fs::set_permissions(&file, Permissions::from_mode(mode)).map_err(failed)?;
        set_time(&file).map_err(failed)
    }

    fn folder(&mut self, path: &str, uid: u32, gid: u32, mode: u32) -> Result<(), ToolError> {
        let folder = self.path(path);
        let failed = |source| ToolError::File { path: path.to_owned(), source };
        self.parents(path).map_err(failed)?;
        if !folder.is_dir() {
            fs::create_dir(&folder).map_err(failed)?;
            self.folders.push(folder.clone());
        }
        chown(&folder, Some(uid), Some(gid)).map_err(failed)?;
        fs::set_permissions(&folder, Permissions::from_mode(mode)).map_err(failed)
    }

    fn parents(&mut self, path: &str) -> std::io::Result<()> {
        let relative = path.trim_start_matches('/');
        let parents: Vec<_> = relative.match_indices('/').filter_map(|(at, _)| relative.get(..at)).collect();
        for parent in parents {
            let folder = self.out.join(parent);
            if !folder.is_dir() {
                fs::create_dir(&folder)?;
                fs::set_permissions(&folder, Permissions::from_mode(0o755))?;
                self.folders.push(folder);
            }
        }
        Ok(())
    }

    /// Sets the times of folders, the innermost first, because adding a file changes the time of its folder.
    fn settle(self) -> Result<(), ToolError> {
        for folder in self.folders.iter().rev() {
            let failed = |source| ToolError::File { path: folder.display().to_string(), source };
            set_time(folder).map_err(failed)?;
        }
        Ok(())
    }
}

fn set_time(path: &Path) -> std::io::Result<()> {
    fs::File::open(path)?.set_modified(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000::/home/node:/bin/bash";

    fn create(passwd: &str, user: &str) -> Result<tempfile::TempDir, String> {
        let base = tempfile::tempdir().unwrap();
        fs::write(base.path().join("passwd"), passwd).unwrap();
        let out = tempfile::tempdir().unwrap();
        let (etc, target) = (base.path().to_str().unwrap(), out.path().to_str().unwrap());
        // Tests may run without the permission to change owners.
        let owner =
            if fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m)).unwrap() == 0 {
                user
            } else {
                return Ok(out);
            };
        let arguments = ["--etc", etc, "--out", target, "--create", owner, "--home", "/home/app"];
        run(&arguments.map(str::to_owned)).map_err(|error| error.to_string())?;
        Ok(out)
    }

    #[test]
    fn a_user_is_added_to_what_the_base_has() {
        let out = create(PASSWD, "app:10001:10001").unwrap();
        let text = |name: &str| fs::read_to_string(out.path().join(name)).unwrap();
        assert_eq!(text("etc/passwd"), format!("{PASSWD}\napp:x:10001:10001::/home/app:/sbin/nologin\n"));
        assert_eq!(text("etc/group"), "root:x:0:\napp:x:10001:\n");
        assert!(!out.path().join("etc/shadow").exists());
        let home = fs::metadata(out.path().join("home/app")).unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::uid(&home), 10_001);
        assert_eq!(home.modified().unwrap(), SystemTime::UNIX_EPOCH);
    }

    #[test]
    fn a_user_that_is_expected_must_be_there() {
        let base = tempfile::tempdir().unwrap();
        fs::write(base.path().join("passwd"), PASSWD).unwrap();
        let expect = |name: &str| {
            let etc = base.path().to_str().unwrap();
            run(&["--etc", etc, "--out", "/nowhere", "--expect", name].map(str::to_owned))
                .map_err(|e| e.to_string())
        };
        assert_eq!(expect("node"), Ok(()));
        assert_eq!(
            expect("nosuch").unwrap_err(),
            "the base image has no user `nosuch`; write one that it has, numbers as `1000:1000`, or \
             `{ name = \"nosuch\", uid = … }` to create it"
        );
    }

    #[test]
    fn a_taken_name_or_number_is_refused_with_what_to_write() {
        assert_eq!(
            create(PASSWD, "node:10001:10001").unwrap_err(),
            "the base image has a user `node` already, as 1000:1000; write `user = \"1000:1000\"` to use it, \
             or give yours another name"
        );
        assert_eq!(
            create(PASSWD, "app:1000:1000").unwrap_err(),
            "number 1000 belongs to the base image's user `node`; choose another with \
             `user = { name = \"app\", uid = … }`"
        );
    }
}
