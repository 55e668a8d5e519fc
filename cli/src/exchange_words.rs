//! The texts of conversation, exchange and staff, in both languages side by side. They are shown in a terminal alone and never drawn
//! into a picture, so they need no glyph in `cli/fonts`.

use crate::arguments::Language;
use crate::words::{Text, words};

words! {
    /// The key of a text about conversation, exchange and staff.
    pub(crate) enum Said;

    // Conversation
    You: "you", "自分";
    Somebody: "somebody", "相手";
    Server: "Ayumi", "Ayumi";
    Waiting: "waiting", "送信待ち";
    Sending: "sending", "送信中";
    Sent: "sent", "送信済み";
    ReadByOther: "read", "既読";
    NotSentState: "not sent", "未送信";
    Edited: "edited", "編集済み";
    UnsentChange: "change waiting", "変更の送信待ち";
    Lost: "lost by the server", "サーバーで失われました";
    Deleted: "(deleted)", "（削除されました）";
    Erased: "(removed)", "（消去されました）";
    NeedsApp: "(needs version {version} of the app)", "（アプリのバージョン{version}が必要です）";
    PictureHere: "[picture {width} x {height}: {file}]", "［写真 {width}×{height}：{file}］";
    PictureToCome: "[picture {width} x {height}, still to be fetched]", "［写真 {width}×{height}、受信待ち］";
    NoMessages: "No messages yet.", "メッセージはまだありません。";
    OlderMessages: "(older messages: --items)", "（これより前のメッセージは --items で表示）";
    NotSentHeading: "Not sent:", "送信されていません：";
    NotSentEdit: "change of {message}", "{message} の変更";
    NotSentDeletion: "deletion of {message}", "{message} の削除";
    Refused: "refused ({code}): edit, retry or discard it", "受け付けられませんでした（{code}）。edit・retry・discard が使えます";
    PictureMissing: "the file of a picture is gone: discard it and send it again", "写真のファイルがありません。discard して送り直してください";
    ParentNotSent: "what it belongs to was not sent", "元のメッセージが送信されていません";
    NoLongerAssigned: "the case is no longer yours: discard it", "担当ではなくなりました。discard してください";
    TooOld: "older than a day: confirm, edit or discard it", "1日以上前のものです。confirm・edit・discard を選んでください";
    KeepsFailing: "sending it fails again and again", "送信が繰り返し失敗しています";
    RepliesFrom: "Replies: {hours}", "返信の目安：{hours}";
    Unread: "{count} unread", "未読{count}件";
    Kept: "Kept as {id}.", "{id} として保存しました。";
    ChangeKept: "Changed.", "変更しました。";
    Done: "Done.", "完了しました。";
    MarkedRead: "Marked as read.", "既読にしました。";
    NothingUnread: "Everything was read already.", "すべて既読です。";
    TypeToSend: "Type a line to send it, Ctrl-D to end.", "1行入力すると送信します。終了は Ctrl-D。";

    // Exchange
    SignedInAs: "Signed in. Next: ayumi consent", "登録しました。次は ayumi consent";
    StaffSignedIn: "Signed in. Next: ayumi staff cases", "サインインしました。次は ayumi staff cases";
    NotSignedIn: "Nobody is signed in.", "サインインしていません。";
    AllSent: "Everything is sent.", "すべて送信済みです。";
    WaitsToBeSent: "{count} waiting to be sent", "送信待ち{count}件";
    NeedAttention: "{count} need your attention: ayumi chat, for staff ayumi staff cases", "確認が必要なもの{count}件：ayumi chat（スタッフは ayumi staff cases）";
    LastContact: "Last contact with the server: {time}", "最後の通信：{time}";
    NoContactYet: "No contact with the server yet.", "まだ通信していません。";
    Exchanged: "{sent} sent, {received} received.", "送信{sent}件、受信{received}件。";
    NotFinished: "Not finished within the limit; it goes on with the next command.", "時間内に終わりませんでした。次のコマンドで続きを行います。";
    Upload: "picture: {percent} % of {kilobytes} kB", "写真：{kilobytes} kBのうち{percent} %";
    PhaseIdle: "In touch with the server.", "サーバーと同期済みです。";
    PhaseSyncing: "Exchanging with the server …", "サーバーと通信中…";
    PhaseWaiting: "Trying again in {seconds} s.", "{seconds}秒後に再試行します。";
    BlockedSessionOver: "The session has ended: sign in again, everything is kept.", "セッションが終了しました。もう一度サインインしてください。データは残っています。";
    BlockedSuspended: "The account is stopped for now; the data stay readable.", "アカウントは一時停止中です。データは見られます。";
    BlockedUpdate: "This program is too old for the server: update it.", "このプログラムはサーバーに対応していません。更新してください。";
    BlockedConsent: "Nothing is sent before you agree: ayumi consent", "同意いただくまで送信しません：ayumi consent";
    BlockedStorage: "The disk is full, or the files cannot be read.", "空き容量がないか、ファイルを読めません。";
    Offline: "The server cannot be reached; what is written waits here.", "サーバーに接続できません。書いたものはここで待ちます。";
    CaptivePortal: "Something else answers in place of the server: sign in to the network first.", "サーバー以外が応答しています。先にネットワークへのログインをしてください。";
    TlsTrouble: "The server could not prove who it is; nothing is sent.", "サーバーを確認できないため、送信しません。";
    ClockTrouble: "The clock of this computer is wrong: set it.", "このコンピューターの時計が合っていません。";
    ServerTrouble: "The server cannot answer now; it is tried again.", "サーバーが応答できません。後で再試行します。";
    ConsentTextHeading: "Consent, version {version}", "同意書 バージョン{version}";
    ConsentHow: "Agree with: ayumi consent --agree", "同意するには ayumi consent --agree";
    ConsentGiven: "You agreed to version {version}.", "バージョン{version}に同意しました。";
    ConsentNone: "You have not agreed yet.", "まだ同意していません。";
    ConsentWithdrawn: "You have withdrawn your consent; nothing is sent any more.", "同意を取り消しました。今後は何も送信しません。";
    TransferCode: "Code for another phone: {code}", "別の端末用のコード：{code}";
    TransferCodeUntil: "It serves once, for {minutes} minutes, together with the birth date.", "生年月日と一緒に、{minutes}分以内に1回だけ使えます。";
    SignedOut: "Signed out; the data on this computer are deleted.", "サインアウトし、このコンピューターのデータを削除しました。";

    // Staff
    NoCases: "No cases are assigned to you.", "担当の参加者はいません。";
    NeedAnswer: "waits for an answer since {time}", "{time}から返信待ち";
    NeedReading: "to be read", "未読あり";
    NeedSilence: "silent for {days}", "{days}記録なし";
    NeedNothing: "nothing to do", "対応なし";
    LastEntry: "last entry {time}", "最後の記録 {time}";
    NoEntry: "no entry yet", "記録なし";
    NotSentCount: "{count} of yours not sent", "未送信{count}件";
    Replicating: "still arriving", "受信中";
    Substitute: "as substitute", "代理";
    NoName: "(name still to come)", "（氏名受信待ち）";
    HasLeft: "has left", "退会済み";
    ConversationHeading: "Conversation", "やり取り";
    NotesHeading: "Notes", "メモ";
    NoNotes: "No notes.", "メモはありません。";
}
