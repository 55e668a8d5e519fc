//! The files of pictures: own ones, which exist nowhere else until they are sent, and fetched ones.

use std::collections::BTreeSet;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use ayumi_protocol::body::Attachment;
use ayumi_protocol::hash::Sha256;

use super::Chat;
use super::draft::sql as draft;
use super::item::{ItemPicture, PictureFile};
use super::sql;
use crate::pictures::{AttachmentFolder, Durability, PreparedPicture};
use crate::store::{Reader, StoreError};
use crate::sync::engine::Files;
use crate::sync::snapshots::HeldSnapshots;
use crate::sync::uploads::{self, SliceFolder};
use crate::time::UtcMillis;

/// The folders with files beside the databases, and what is held in memory instead.
#[derive(Debug, Clone)]
pub(crate) struct ChatFiles {
    /// Own pictures, before the server has them and a while after.
    pub attachments: AttachmentFolder,
    /// Pictures that can be fetched again.
    pub images: AttachmentFolder,
    /// Beginnings of logs on their way into replicas.
    pub snapshots: HeldSnapshots,
    /// Rests of own pictures that the operating system uploads.
    pub slices: SliceFolder,
}

impl ChatFiles {
    /// The folders of an app's data folder. Source: storage.md 1.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            attachments: AttachmentFolder::new(root.join("user").join("attachments"), Durability::Synced),
            images: AttachmentFolder::new(root.join("cache").join("images"), Durability::Cache),
            snapshots: HeldSnapshots::default(),
            slices: SliceFolder::new(root.join("cache").join("slices")),
        }
    }

    /// Makes both files of an own picture safe.
    pub(super) fn store(&self, prepared: &PreparedPicture) -> Result<Attachment, StoreError> {
        self.attachments.store(&prepared.thumbnail.bytes)?;
        self.attachments.store(&prepared.picture.bytes)?;
        Ok(prepared.attachment())
    }

    /// A stretch of the bytes of an own picture.
    pub(crate) fn read_part(
        &self,
        sha256: Sha256,
        offset_bytes: u32,
        length_bytes: u32,
    ) -> Result<Vec<u8>, StoreError> {
        let gone = || StoreError::Io(std::io::Error::from(std::io::ErrorKind::NotFound));
        let mut file = self.attachments.open(sha256)?.ok_or_else(gone)?;
        file.seek(SeekFrom::Start(u64::from(offset_bytes)))?;
        let mut bytes = vec![0; usize::try_from(length_bytes).unwrap_or(0)];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether both files of an own picture are here.
    pub(super) fn has(&self, picture: &Attachment) -> Result<bool, StoreError> {
        Ok(self.attachments.exists(picture.sha256)? && self.attachments.exists(picture.thumbnail.sha256)?)
    }

    pub(super) fn pictures(&self, pictures: Vec<Attachment>) -> Result<Vec<ItemPicture>, StoreError> {
        pictures
            .into_iter()
            .map(|attachment| {
                Ok(ItemPicture {
                    thumbnail: self.file(attachment.thumbnail.sha256)?,
                    original: self.file(attachment.sha256)?,
                    attachment,
                })
            })
            .collect()
    }

    pub(super) fn file(&self, sha256: Sha256) -> Result<PictureFile, StoreError> {
        for folder in [&self.attachments, &self.images] {
            if folder.exists(sha256)? {
                return Ok(PictureFile::Here(folder.path_of(sha256)));
            }
        }
        Ok(PictureFile::ToBeFetched(sha256))
    }
}

impl Files for ChatFiles {
    fn attachment_length(&self, sha256: Sha256) -> Result<Option<u64>, StoreError> {
        self.attachments.length(sha256)
    }

    fn keep_picture(&self, sha256: Sha256, bytes: &[u8]) -> Result<(), StoreError> {
        let kept = self.images.store(bytes)?;
        if kept == sha256 {
            return Ok(());
        }
        Err(StoreError::Bug {
            where_: "a picture is kept after its hash was checked",
        })
    }

    fn has_picture(&self, sha256: Sha256) -> Result<bool, StoreError> {
        Ok(self.images.exists(sha256)? || self.attachments.exists(sha256)?)
    }

    fn snapshots(&self) -> &HeldSnapshots {
        &self.snapshots
    }
}

/// Own files that have to stay: of drafts, of what waits, of what was sent a while ago, and every thumbnail of a message.
pub(crate) fn files_to_keep(reader: &Reader<'_>, now: UtcMillis) -> Result<BTreeSet<Sha256>, StoreError> {
    let mut keep: BTreeSet<Sha256> = uploads::sql::files_in_use(reader, now)?.into_iter().collect();
    keep.extend(draft::files(reader)?);
    keep.extend(sql::thumbnails(reader)?);
    Ok(keep)
}

impl Chat<'_> {
    /// Deletes the files of pictures whose message was erased, or deleted by somebody else, unless something else names them. Called
    /// after every step of the engine and at the start; a small read if there is nothing to do.
    ///
    /// Errors: `Store`.
    pub(crate) fn delete_pictures_of_the_gone(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (gone, deletable) = self.store.read::<_, StoreError>(|reader| {
            let gone = sql::pictures_to_delete(reader)?;
            if gone.is_empty() {
                return Ok((gone, Vec::new()));
            }
            let keep = files_to_keep(reader, now)?;
            let mut deletable = Vec::new();
            for sha256 in &gone {
                if !sql::is_named(reader, *sha256)? {
                    deletable.push((*sha256, !keep.contains(sha256)));
                }
            }
            Ok((gone, deletable))
        })?;
        if gone.is_empty() {
            return Ok(());
        }
        for (sha256, is_own_too) in deletable {
            self.files.images.remove(sha256)?;
            if is_own_too {
                self.files.attachments.remove(sha256)?;
            }
        }
        // Only now: a kill in between deletes once more.
        self.store
            .write(|tx| Ok(sql::forget_pictures_to_delete(tx, &gone)?))
    }
}
