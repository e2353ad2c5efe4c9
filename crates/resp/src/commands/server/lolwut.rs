//! LOLWUT: a picture, for the pleasure of it.

use crate::dispatch::ClientCtx;
use crate::reply::Answer;
use crate::server::{TANDEM_VERSION, VALKEY_VERSION};

/// `[VERSION version [argument ...]]`. There is one picture for every version.
pub(super) fn lolwut(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.args.option("VERSION") {
        cx.args.integer()?;
    }
    cx.args.rest();
    let text = format!("{PICTURE}\nTandem ver. {TANDEM_VERSION} (Redis ver. {VALKEY_VERSION})\n");
    Ok(cx.reply.verbatim("txt", &text))
}

const PICTURE: &str = r"
             o             o
           _ \<,_        _ \<,_
          (_)/  `-------(_)/ (*)
      __________________________________
       ___/  \___    ___    ___/ \___
      /   \  /   \__/   \__/   \_/   \
     |  .  ||  .  |  .  |  .  | |  .  |
      \___/  \___/  \_/    \_/   \___/

     two riders, one frame, one road
";
