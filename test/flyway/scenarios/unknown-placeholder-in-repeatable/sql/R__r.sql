SELECT '<<nobody>>';
