#include "delivery/attempt_files.hpp"

#include "attachments/file_kind.hpp"

namespace patchbay::delivery {

base::Result<AttemptFiles> AttemptFiles::open(const attachments::Spool& spool,
                                              attachments::MimeDetector& detector,
                                              const store::DeliveryRecord& record) {
  AttemptFiles files;
  for (const std::string& name : record.files) {
    PATCHBAY_ASSIGN(auto opened, spool.open_file(record.spool, name));
    std::string mime = attachments::resolve_mime(detector.detect(opened.fd.get()), name, "");
    files.files_.push_back({std::move(opened), name, std::move(mime)});
  }
  return files;
}

std::vector<OutboundFile> AttemptFiles::lend() const {
  std::vector<OutboundFile> lent;
  for (const File& file : files_) {
    OutboundFile out;
    out.fd = file.opened.fd.get();
    out.size = static_cast<std::int64_t>(file.opened.size);
    out.name = file.name;
    out.mime = file.mime;
    out.kind = attachments::to_string(attachments::kind_of_mime(file.mime));
    lent.push_back(std::move(out));
  }
  return lent;
}

}  // namespace patchbay::delivery
