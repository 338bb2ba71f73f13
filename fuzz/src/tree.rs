//! What must hold of a folder that a stranger's archive was unpacked into.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The most bytes that an archive of a fuzzer may write: the largest input, unpacked as far as any limit
/// allows it.
const MOST: u64 = 1 << 28;

/// A folder of this process that is emptied before each use, with a neighbour that nothing may touch.
pub(crate) struct Place {
    folder: PathBuf,
}

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        // Memory where there is such a folder: millions of trees are written.
        let base = ["/dev/shm", "/tmp"].into_iter().map(Path::new).find(|folder| folder.is_dir());
        let folder = base.expect("a folder").join(format!("pybuild-fuzz-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("in")).expect("a folder");
        fs::create_dir_all(folder.join("outside")).expect("a folder");
        fs::write(folder.join("outside/secret"), "secret").expect("a file");
        Self { folder }
    }

    /// A file that is handed to the tool.
    pub(crate) fn input(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.join("in").join(name);
        fs::write(&path, bytes).expect("a file");
        path.to_str().expect("a name").to_owned()
    }

    /// An empty folder to unpack into.
    pub(crate) fn root(&self, name: &str) -> PathBuf {
        let root = self.folder.join(name);
        let _ = fs::remove_dir_all(&root);
        // The tool is given a mount, which is there.
        fs::create_dir_all(&root).expect("a folder");
        root
    }

    /// Everything below `root`, checked: nothing that is no plain file, folder or link, no name of a layer's own, no bit of
    /// another user's; and beside it nothing has changed. Where the archive was taken, no link leads out: of an archive that
    /// is refused, whose tree nobody gets, the tool asks at the end where the links lead.
    pub(crate) fn checked(&self, root: &Path, is_taken: bool) -> BTreeMap<PathBuf, (u32, u64, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let mut total = 0;
        let mut open = vec![root.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let meta = fs::symlink_metadata(&path).expect("an entry");
                let name = entry.file_name();
                assert!(!name.as_encoded_bytes().starts_with(b".wh."), "a whiteout: {}", path.display());
                assert_eq!(meta.mode() & 0o7000, 0, "bits of another user: {}", path.display());
                let content = if meta.is_dir() {
                    open.push(path.clone());
                    Vec::new()
                } else if meta.is_symlink() {
                    let target = fs::read_link(&path).expect("a link");
                    if let Ok(real) = fs::canonicalize(&path) {
                        let here = fs::canonicalize(root).expect("a root");
                        let is_system = target.is_absolute();
                        assert!(
                            is_system || !is_taken || real.starts_with(&here),
                            "a link that leads out: {}",
                            path.display()
                        );
                    }
                    target.as_os_str().as_encoded_bytes().to_vec()
                } else {
                    assert!(meta.is_file(), "a special file: {}", path.display());
                    total += meta.len();
                    fs::read(&path).expect("a file")
                };
                assert!(!content.windows(6).any(|part| part == b"secret"), "what was outside is inside");
                let place = path.strip_prefix(root).expect("below").to_owned();
                found.insert(place, (meta.mode(), meta.mtime() as u64, content));
            }
        }
        assert!(total <= MOST, "{total} bytes");
        let names = |folder: &str| {
            let entries = fs::read_dir(self.folder.join(folder)).expect("a folder").flatten();
            let mut names: Vec<_> =
                entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names("outside"), ["secret"]);
        let known = ["again", "in", "out", "outside"];
        assert!(names("").iter().all(|name| known.contains(&name.as_str())), "{:?}", names(""));
        found
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
