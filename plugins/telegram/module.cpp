// The one exported symbol.
#include "telegram/telegram_adapter.hpp"

PATCHBAY_ADAPTER(patchbay::telegram::TelegramAdapter, "telegram", PATCHBAY_ADAPTER_VERSION,
                 PATCHBAY_ADAPTER_VENDOR)
