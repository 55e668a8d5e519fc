//! The C functions that SQLite calls. Each one counts, decides about a fault, and hands on to the default file layer.
//!
//! Layout of an open file: `LossyFile`, and directly behind it the default layer's own file of `szOsFile` bytes. SQLite
//! allocates both as one block of the size that `register` states.
//!
//! What makes the blocks below sound, once for all of them:
//! - SQLite calls these functions only with a VFS that `register` registered, and with files that `open` has opened and
//!   `close` has not closed yet; it never calls two functions of one file at the same time.
//! - The layer below and `Disk` live as long as the process: the one belongs to SQLite, the other is leaked on purpose.
//! - Pointers for results are valid for the call, as SQLite documents for each function.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::ffi;

use crate::disk::Disk;
use crate::fault::Call;

/// What stands behind `sqlite3_vfs::pAppData`.
struct Layer {
    disk: Arc<Disk>,
    below: *mut ffi::sqlite3_vfs,
}

/// What an open file remembers.
struct Handle {
    disk: Arc<Disk>,
    /// `None` is a temporary file, which nobody misses after a power loss.
    tracked: Option<(String, Arc<AtomicBool>)>,
}

impl Handle {
    fn is_dead(&self) -> bool {
        self.tracked
            .as_ref()
            .is_some_and(|(_, dead)| dead.load(Ordering::SeqCst))
    }

    fn path(&self) -> &str {
        self.tracked.as_ref().map_or("", |(path, _)| path.as_str())
    }

    /// Counts a call that has no effect on the image, and decides about it.
    fn call(&self, call: Call) -> Result<(), c_int> {
        // A fault may be a power loss, after which this file is dead.
        let counted = self.disk.state().call(call, self.path());
        if self.is_dead() {
            Err(call.error())
        } else {
            counted
        }
    }
}

#[repr(C)]
struct LossyFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

/// Makes a layer over the default one known under a name. Neither it nor its name is ever freed.
///
/// Errors: the code of SQLite.
pub(crate) fn register(name: &str, disk: Arc<Disk>, as_default: bool) -> Result<usize, c_int> {
    let name = CString::new(name).map_err(|_| ffi::SQLITE_MISUSE)?;
    // SAFETY: initialising is allowed at any time, also twice; a null name asks for the default layer.
    let below = unsafe {
        let code = ffi::sqlite3_initialize();
        if code != ffi::SQLITE_OK {
            return Err(code);
        }
        // By name: the default one may be a lossy one already.
        ffi::sqlite3_vfs_find(c"unix".as_ptr())
    };
    if below.is_null() {
        return Err(ffi::SQLITE_NOTFOUND);
    }
    // SAFETY: SQLite's own layers are never freed, and nobody changes them.
    let below_vfs = unsafe { &*below };
    let own_bytes = c_int::try_from(size_of::<LossyFile>()).map_err(|_| ffi::SQLITE_TOOBIG)?;
    let layer = Box::new(Layer { disk, below });
    let vfs = Box::new(ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: own_bytes.saturating_add(below_vfs.szOsFile),
        mxPathname: below_vfs.mxPathname,
        pNext: ptr::null_mut(),
        zName: name.into_raw(),
        pAppData: Box::into_raw(layer).cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(get_last_error),
        xCurrentTimeInt64: Some(current_time_int64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    });
    let vfs = Box::into_raw(vfs);
    // SAFETY: `vfs` is complete and is never freed.
    match unsafe { ffi::sqlite3_vfs_register(vfs, c_int::from(as_default)) } {
        ffi::SQLITE_OK => Ok(vfs as usize),
        code => Err(code),
    }
}

/// Makes a layer unknown. Connections that have it go on.
pub(crate) fn unregister(vfs: usize) {
    // SAFETY: the address came from `register`; what stands there is never freed. Unregistering twice is allowed.
    unsafe {
        ffi::sqlite3_vfs_unregister(vfs as *mut ffi::sqlite3_vfs);
    }
}

/// # Safety
/// `vfs` was made by `register`.
unsafe fn layer<'layer>(vfs: *mut ffi::sqlite3_vfs) -> &'layer Layer {
    // SAFETY: `register` put a leaked `Layer` there.
    unsafe { &*(*vfs).pAppData.cast::<Layer>() }
}

/// # Safety
/// `file` was opened by `open`.
unsafe fn handle<'handle>(file: *mut ffi::sqlite3_file) -> &'handle Handle {
    // SAFETY: `open` put a boxed `Handle` there, which only `close` frees.
    unsafe { &*(*file.cast::<LossyFile>()).handle }
}

/// The file of the layer below.
///
/// # Safety
/// `file` has the size that `register` states.
unsafe fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: it lies in the same block, directly behind; the size of `LossyFile` is a multiple of its alignment, which is
    // that of a pointer and so that of the layer below's file.
    unsafe { file.cast::<LossyFile>().add(1).cast() }
}

/// Calls a method of the file below, or gives `$otherwise` if that layer has none.
macro_rules! hand_on {
    ($file:expr, $method:ident, $otherwise:expr $(, $argument:expr)*) => {{
        // SAFETY: see the head of this file; the file below was opened together with this one, and its methods are never
        // freed.
        unsafe {
            let below = inner($file);
            match (*(*below).pMethods).$method {
                Some(method) => method(below $(, $argument)*),
                None => $otherwise,
            }
        }
    }};
}

/// Calls a function of the layer below, or gives `$otherwise` if it has none.
macro_rules! hand_down {
    ($vfs:expr, $function:ident, $otherwise:expr $(, $argument:expr)*) => {{
        // SAFETY: see the head of this file; the layer below is SQLite's own.
        unsafe {
            let below = layer($vfs).below;
            match (*below).$function {
                Some(function) => function(below $(, $argument)*),
                None => $otherwise,
            }
        }
    }};
}

fn code(result: Result<(), c_int>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

/// # Safety
/// Null, or a C string that outlives the call.
unsafe fn text(name: *const c_char) -> Option<String> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller says so.
    Some(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Version 3 would add mappings, through which writes would pass unseen.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: see the head of this file. Without methods SQLite will not call `close`.
    let (layer, path) = unsafe {
        (*file).pMethods = ptr::null();
        (*inner(file)).pMethods = ptr::null();
        (layer(vfs), text(name))
    };
    let mut state = layer.disk.state();
    if let Err(code) = state.call(Call::Open, path.as_deref().unwrap_or_default()) {
        return code;
    }
    // SAFETY: as above.
    let below = unsafe { inner(file) };
    let opened = hand_down!(vfs, xOpen, ffi::SQLITE_CANTOPEN, name, below, flags, out_flags);
    if opened != ffi::SQLITE_OK {
        close_below(file);
        return opened;
    }
    let tracked = match path {
        None => None,
        Some(path) => match state.opened(&path, || content(file)) {
            Ok(dead) => Some((path, dead)),
            Err(code) => {
                close_below(file);
                return code;
            }
        },
    };
    let handle = Box::new(Handle {
        disk: Arc::clone(&layer.disk),
        tracked,
    });
    // SAFETY: the block is at least a `LossyFile` long, and it is ours to fill.
    unsafe {
        let own = file.cast::<LossyFile>();
        (*own).handle = Box::into_raw(handle);
        (*own).base.pMethods = &raw const METHODS;
    }
    ffi::SQLITE_OK
}

fn close_below(file: *mut ffi::sqlite3_file) {
    // SAFETY: the block has the size that `register` states, and its methods are null or set by the layer below.
    let is_open = unsafe { !(*inner(file)).pMethods.is_null() };
    if is_open {
        hand_on!(file, xClose, ffi::SQLITE_OK);
    }
}

/// Everything in a file that the layer below has open.
fn content(file: *mut ffi::sqlite3_file) -> Result<Vec<u8>, c_int> {
    let mut size = 0;
    let code = hand_on!(file, xFileSize, ffi::SQLITE_IOERR_FSTAT, &raw mut size);
    if code != ffi::SQLITE_OK {
        return Err(code);
    }
    let mut bytes = vec![0_u8; usize::try_from(size).map_err(|_| ffi::SQLITE_IOERR_FSTAT)?];
    let mut offset = 0_i64;
    for part in bytes.chunks_mut(1 << 30) {
        let count = c_int::try_from(part.len()).map_err(|_| ffi::SQLITE_IOERR_READ)?;
        let place = part.as_mut_ptr().cast::<c_void>();
        let code = hand_on!(file, xRead, ffi::SQLITE_IOERR_READ, place, count, offset);
        if code != ffi::SQLITE_OK {
            return Err(code);
        }
        offset = offset.saturating_add(i64::from(count));
    }
    Ok(bytes)
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `open` made the box; SQLite does not use the file again.
    let handle = unsafe { Box::from_raw((*file.cast::<LossyFile>()).handle) };
    let mut state = handle.disk.state();
    if let Some((path, dead)) = &handle.tracked {
        state.closed(path, dead);
    }
    drop(state);
    hand_on!(file, xClose, ffi::SQLITE_OK)
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    place: *mut c_void,
    count: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: see the head of this file.
    if let Err(code) = unsafe { handle(file) }.call(Call::Read) {
        return code;
    }
    hand_on!(file, xRead, ffi::SQLITE_IOERR_READ, place, count, offset)
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: see the head of this file.
    let handle = unsafe { handle(file) };
    let mut state = handle.disk.state();
    if let Err(code) = state.call(Call::Write, handle.path()) {
        return code;
    }
    if handle.is_dead() {
        return Call::Write.error();
    }
    let (Ok(start), Ok(length)) = (u64::try_from(offset), usize::try_from(count)) else {
        return ffi::SQLITE_MISUSE;
    };
    let size = state.files.get(handle.path()).map(|tracked| tracked.image.size());
    if let Some(size) = size
        && let Err(code) = state.grow(size, start.saturating_add(length as u64))
    {
        return code;
    }
    let code = hand_on!(file, xWrite, ffi::SQLITE_IOERR_WRITE, bytes, count, offset);
    if code == ffi::SQLITE_OK
        && let Some(tracked) = state.files.get_mut(handle.path())
    {
        // SAFETY: SQLite gives `count` bytes to be written, which the layer below has just read too.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
        tracked.image.write(start, bytes);
    }
    code
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: see the head of this file.
    let handle = unsafe { handle(file) };
    let mut state = handle.disk.state();
    if let Err(code) = state.call(Call::Truncate, handle.path()) {
        return code;
    }
    if handle.is_dead() {
        return Call::Truncate.error();
    }
    let code = hand_on!(file, xTruncate, ffi::SQLITE_IOERR_TRUNCATE, size);
    if code == ffi::SQLITE_OK
        && let Some(tracked) = state.files.get_mut(handle.path())
    {
        let size = u64::try_from(size).unwrap_or(0);
        let freed = tracked.image.size().saturating_sub(size);
        tracked.image.set_size(size);
        state.give_back(freed);
    }
    code
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: see the head of this file.
    let handle = unsafe { handle(file) };
    let mut state = handle.disk.state();
    if let Err(code) = state.call(Call::Sync, handle.path()) {
        return code;
    }
    if handle.is_dead() {
        return Call::Sync.error();
    }
    if state.really_syncs {
        let code = hand_on!(file, xSync, ffi::SQLITE_IOERR_FSYNC, flags);
        if code != ffi::SQLITE_OK {
            return code;
        }
    }
    if !state.lies_about_sync
        && let Some(tracked) = state.files.get_mut(handle.path())
    {
        tracked.image.sync();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: see the head of this file.
    if let Err(code) = unsafe { handle(file) }.call(Call::Size) {
        return code;
    }
    hand_on!(file, xFileSize, ffi::SQLITE_IOERR_FSTAT, size)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: see the head of this file.
    if let Err(code) = unsafe { handle(file) }.call(Call::Lock) {
        return code;
    }
    hand_on!(file, xLock, ffi::SQLITE_IOERR_LOCK, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    hand_on!(file, xUnlock, ffi::SQLITE_IOERR_UNLOCK, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, result: *mut c_int) -> c_int {
    hand_on!(
        file,
        xCheckReservedLock,
        ffi::SQLITE_IOERR_CHECKRESERVEDLOCK,
        result
    )
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    match operation {
        // The layer below would change the size of the file, or map it, unseen.
        ffi::SQLITE_FCNTL_SIZE_HINT | ffi::SQLITE_FCNTL_CHUNK_SIZE | ffi::SQLITE_FCNTL_MMAP_SIZE => {
            ffi::SQLITE_NOTFOUND
        }
        _ => hand_on!(file, xFileControl, ffi::SQLITE_NOTFOUND, operation, argument),
    }
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    hand_on!(file, xSectorSize, 0)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    hand_on!(file, xDeviceCharacteristics, 0)
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    place: *mut *mut c_void,
) -> c_int {
    // SAFETY: see the head of this file.
    if let Err(code) = unsafe { handle(file) }.call(Call::IndexMap) {
        // SAFETY: the place for the result is valid for the call; null says that there is no region.
        unsafe { *place = ptr::null_mut() };
        return code;
    }
    hand_on!(
        file,
        xShmMap,
        ffi::SQLITE_IOERR_SHMMAP,
        region,
        size,
        extend,
        place
    )
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // Giving a lock back never fails: SQLite does not look at that answer.
    if flags & ffi::SQLITE_SHM_UNLOCK == 0
        // SAFETY: see the head of this file.
        && let Err(code) = unsafe { handle(file) }.call(Call::IndexLock)
    {
        return code;
    }
    hand_on!(file, xShmLock, ffi::SQLITE_IOERR_SHMLOCK, offset, count, flags)
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    hand_on!(file, xShmBarrier, ());
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    // SAFETY: see the head of this file.
    let is_dead = unsafe { handle(file) }.is_dead();
    // The name of the index may belong to the files after the power loss by now.
    let delete = if is_dead { 0 } else { delete };
    hand_on!(file, xShmUnmap, ffi::SQLITE_OK, delete)
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: see the head of this file.
    let (layer, path) = unsafe { (layer(vfs), text(name).unwrap_or_default()) };
    let mut state = layer.disk.state();
    if let Err(code) = state.call(Call::Delete, &path) {
        return code;
    }
    let sync_folder = if state.really_syncs { sync_folder } else { 0 };
    let code = hand_down!(vfs, xDelete, ffi::SQLITE_IOERR_DELETE, name, sync_folder);
    if code == ffi::SQLITE_OK
        && let Some(tracked) = state.files.remove(&path)
    {
        state.give_back(tracked.image.size());
    }
    code
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    result: *mut c_int,
) -> c_int {
    // SAFETY: see the head of this file.
    let (layer, path) = unsafe { (layer(vfs), text(name).unwrap_or_default()) };
    let counted = layer.disk.state().call(Call::Access, &path);
    if counted.is_err() {
        return code(counted);
    }
    hand_down!(vfs, xAccess, ffi::SQLITE_IOERR_ACCESS, name, flags, result)
}

unsafe extern "C" fn full_pathname(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    hand_down!(vfs, xFullPathname, ffi::SQLITE_CANTOPEN, name, room, out)
}

unsafe extern "C" fn randomness(vfs: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    hand_down!(vfs, xRandomness, 0, count, out)
}

unsafe extern "C" fn sleep(vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    hand_down!(vfs, xSleep, 0, microseconds)
}

unsafe extern "C" fn current_time(vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    hand_down!(vfs, xCurrentTime, ffi::SQLITE_ERROR, out)
}

unsafe extern "C" fn current_time_int64(vfs: *mut ffi::sqlite3_vfs, out: *mut i64) -> c_int {
    hand_down!(vfs, xCurrentTimeInt64, ffi::SQLITE_ERROR, out)
}

unsafe extern "C" fn get_last_error(vfs: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    hand_down!(vfs, xGetLastError, 0, count, out)
}
