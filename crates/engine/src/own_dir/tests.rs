use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::*;

fn names(root: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(root).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn sweeps_the_dead_and_spares_the_living() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let living = OwnDir::make(root, "x-").unwrap();
    fs::create_dir(root.join("1-00000000000dead4")).unwrap();
    fs::write(root.join("somebody-elses"), "").unwrap();
    let before = names(root);
    for name in ["x-1-00000000000dead0", "x-3-00000000000dead1"] {
        fs::create_dir(root.join(name)).unwrap();
        fs::write(root.join(name).join("0"), "half a zip").unwrap();
    }
    fs::write(root.join("x-1-00000000000dead0.lock"), "").unwrap();
    fs::write(root.join("x-2-00000000000dead2.lock"), "").unwrap();
    let buried = std::cell::RefCell::new(Vec::new());
    sweep(root, "x-", |dir| buried.borrow_mut().push(dir.to_owned())).unwrap();
    assert_eq!(names(root), before);
    buried.borrow_mut().sort();
    assert_eq!(buried.into_inner(), [root.join("x-1-00000000000dead0"), root.join("x-2-00000000000dead2")]);
    drop(living);
    assert_eq!(names(root), ["1-00000000000dead4", "somebody-elses"]);
}

#[test]
fn a_process_that_started_beside_another_was_left_without_its_lock() {
    let dir = tempfile::tempdir().unwrap();
    let (root, stop) = (dir.path(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    // Entries that go while they are listed.
                    let _ = sweep(root, "", |_| {});
                }
            });
        }
        let lost = (0..300).filter(|_| {
            let own = OwnDir::make(root, "").unwrap();
            std::thread::sleep(Duration::from_micros(200));
            !own.lock.exists() || !own.dir.exists()
        });
        let lost = lost.count();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(lost, 0);
    });
}

#[test]
fn read_only_trees_can_be_removed_without_being_root() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a/b");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("f"), "x").unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o500)).unwrap();
    // What the second try does; root never needs it.
    make_writable(&parent.path().join("a")).unwrap();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    remove_tree(&parent.path().join("a")).unwrap();
    assert_eq!(names(parent.path()), [""; 0]);
}
