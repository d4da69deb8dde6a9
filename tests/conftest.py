pytest_plugins = ["tests.programs", "tests.servers", "tests.browser"]
