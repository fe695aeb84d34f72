# written with the SDK
