"""The demo: a rally, a premises fund and a quarter's fighting fund, entered by the users' doors."""
