// The files of a delivery that is being tried, open from the spool until its adapter has answered.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attachments/confined_folder.hpp"
#include "attachments/mime_detector.hpp"
#include "attachments/spool.hpp"
#include "base/status.hpp"
#include "delivery/channel_port.hpp"
#include "store/records.hpp"

namespace patchbay::delivery {

class AttemptFiles {
 public:
  AttemptFiles() = default;  // of a delivery without files

  // [a storage thread] All files that the row names, in its order.
  [[nodiscard]] static base::Result<AttemptFiles> open(const attachments::Spool& spool,
                                                       attachments::MimeDetector& detector,
                                                       const store::DeliveryRecord& record);

  // As an adapter gets them. The descriptors stay this object's.
  [[nodiscard]] std::vector<OutboundFile> lend() const;

 private:
  struct File {
    attachments::OpenedFile opened;
    std::string name;
    std::string mime;
  };
  std::vector<File> files_;
};

}  // namespace patchbay::delivery
