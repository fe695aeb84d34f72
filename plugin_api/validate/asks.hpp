// What a host asks of an instance beside deliveries: the files behind references, and what the
// extensions of the adapter offer.
#pragma once

#include <vector>

#include "subject.hpp"

namespace patchbay::validate {

// Asks for each of them once. The operations that it began; the host says which are not completed
// in time.
std::vector<pbay_op> ask_everything(testkit::FakeHost& host, const Subject& subject,
                                    const sdk::Chat& chat);
// Lets virtual time pass until all of them are completed, or are late.
void settle_all(testkit::FakeHost& host, const std::vector<pbay_op>& operations);

// The last thing to ask: the account is logged out then.
void ask_to_log_out(testkit::FakeHost& host, const Subject& subject);

}  // namespace patchbay::validate
